import { isModuleJob, parseModuleJob, stagesOfUses } from '@millrace/pipeline';

/** The stages of a job by name, as its document has them; of a job written in TypeScript the registered ones. */
export function stageFields(document: unknown): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  const stages = isModuleJob(document)
    ? stagesOfUses(parseModuleJob(document).document.uses)
    : (document as { readonly stages?: object }).stages;
  return (stages ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
