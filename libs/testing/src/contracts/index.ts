export {
  describeSnapshotStoreContract,
  recordOf,
  type SnapshotStoreDriver,
  stateOf,
} from './snapshot-store.contract.ts';
