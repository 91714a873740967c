export type { SeededRandom } from '../shop/seeded-random.ts';
export type { Fault, RequestName, Stretch } from './faults/fault.ts';
export type { Finding } from './findings.ts';
export type { Damage } from './outside/control-plane.ts';
export type { SinkChecks } from './outside/target.ts';
export { type SimulateOptions, type SimulationReport, simulate } from './simulate.ts';
export type { SimulatedSourceOptions, SimulatedWorld } from './simulated-world.ts';
export type { PipelineBuilder } from './simulation.ts';
export { type FedWorld, type PipelineTest, type SinkExpectation, testPipeline } from './test-pipeline.ts';
