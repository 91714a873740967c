/** Takes a generation above both the store's count and the floor. KEYS: generation. ARGV: floor. */
export const CLAIM = `
local floor = tonumber(ARGV[1])
if tonumber(redis.call('GET', KEYS[1]) or '0') < floor then redis.call('SET', KEYS[1], ARGV[1]) end
return redis.call('INCR', KEYS[1])`;

/**
 * Announces an attempt to write, so that its chunks are found should it die. KEYS: generation, attempts. ARGV: generation, attempt.
 * Answers 0 when fenced.
 */
export const BEGIN = `
if tonumber(redis.call('GET', KEYS[1]) or '0') > tonumber(ARGV[1]) then return 0 end
redis.call('SADD', KEYS[2], ARGV[2])
return 1`;

/** KEYS: generation, chunk. ARGV: generation, bytes. Answers 0 when fenced. */
export const PUT_CHUNK = `
if tonumber(redis.call('GET', KEYS[1]) or '0') > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[2], ARGV[2])
return 1`;

/**
 * The commit record: the one write that makes a snapshot exist.
 * KEYS: generation, records, chunks... ARGV: generation, snapshot id, record, records to keep.
 *
 * Chunks are counted again here, because a server that restarted since may have lost them. The last SET is a write in any case: WAITAOF
 * speaks of the writes of its own connection only, and the record may have been written over one that broke.
 */
export const COMMIT = `
if tonumber(redis.call('GET', KEYS[1]) or '0') > tonumber(ARGV[1]) then return 'fenced' end
if not redis.call('ZSCORE', KEYS[2], ARGV[3]) then
  local newest = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
  if newest[2] and tonumber(newest[2]) >= tonumber(ARGV[2]) then return 'stale' end
  for i = 3, #KEYS do
    if redis.call('EXISTS', KEYS[i]) == 0 then return 'incomplete' end
  end
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3])
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - tonumber(ARGV[4]))
end
redis.call('SET', KEYS[1], ARGV[1])
return 'committed'`;
