import type { FilesConfig } from '../config.ts';
import { HdfsStorage } from './hdfs/hdfs-storage.ts';
import { LocalStorage } from './local-storage.ts';
import type { Storage } from './storage.ts';

/** The directory of a connection; the caller closes it. */
export const storageOf = ({ directory, nameNodes, user, delegationToken, ca }: FilesConfig): Storage =>
  nameNodes === undefined
    ? new LocalStorage(directory)
    : new HdfsStorage(directory, { nameNodes, user, delegationToken, ca });
