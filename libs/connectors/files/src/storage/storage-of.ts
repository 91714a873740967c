import type { FilesConfig } from '../config.ts';
import { LocalStorage } from './local-storage.ts';
import type { Storage } from './storage.ts';

/** The directory of a connection; the caller closes it. */
export const storageOf = ({ directory }: FilesConfig): Storage => new LocalStorage(directory);
