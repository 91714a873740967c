export { redisSink } from './sink/redis-sink.ts';
export { redisSource } from './source/redis-source.ts';
