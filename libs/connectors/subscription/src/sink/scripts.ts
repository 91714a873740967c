/** Every script looks at the fence first, so that an older execution can do nothing. KEYS[1] is the hash `meta`, ARGV[1] the generation. */
const FENCE = `
local newest = tonumber(redis.call('HGET', KEYS[1], 'fence') or '0')
if newest > tonumber(ARGV[1]) then return newest end
`;

/** Answers: 0 done, -1 no room, -2 lost, above 0 the generation that has taken over. */
export const DONE = 0;
export const NO_ROOM = -1;
export const LOST = -2;

export const CLAIM = `${FENCE} redis.call('HSET', KEYS[1], 'fence', ARGV[1]) return 0`;

/** ARGV: generation, room for, channel, position, then partition and body of each. KEYS: meta, partitions by their number. */
export const APPEND = `${FENCE}
local waiting = tonumber(redis.call('HGET', KEYS[1], 'waiting') or '0')
if waiting >= tonumber(ARGV[2]) then return -1 end
local count = (#ARGV - 4) / 2
local last = redis.call('HINCRBY', KEYS[1], 'sequence', count)
for i = 1, count do
  redis.call('XADD', KEYS[2 + tonumber(ARGV[3 + 2 * i])], (last - count + i) .. '-0', 'e', ARGV[4 + 2 * i])
end
redis.call('HSET', KEYS[1], 'waiting', waiting + count)
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'position', ARGV[4]) end
redis.call('PUBLISH', ARGV[3], 'changes')
return 0`;

/** Puts entries aside until a snapshot covers them. ARGV: generation, room for, id of the list, then partition and body of each. KEYS: meta, lists, the list. */
export const STAGE = `${FENCE}
local waiting = tonumber(redis.call('HGET', KEYS[1], 'waiting') or '0')
if waiting >= tonumber(ARGV[2]) then return -1 end
redis.call('SADD', KEYS[2], ARGV[3])
for i = 4, #ARGV, 500 do
  redis.call('RPUSH', KEYS[3], unpack(ARGV, i, math.min(i + 499, #ARGV)))
end
redis.call('HSET', KEYS[1], 'waiting', waiting + (#ARGV - 3) / 2)
return 0`;

/**
 * Moves the first entries of a list to the partitions; -3: there are more. How many are left stands in \`meta\`, so that a list that lost some is told
 * from one that was moved in part. ARGV: generation, number of the list, its id, its length, entries at a time, channel, position at its end.
 * KEYS: meta, lists, the list, partitions.
 */
export const MOVE = `${FENCE}
local moved = tonumber(redis.call('HGET', KEYS[1], 'moved') or '0')
if moved > tonumber(ARGV[2]) then return 0 end
local due = tonumber(ARGV[4])
if moved == tonumber(ARGV[2]) then due = tonumber(redis.call('HGET', KEYS[1], 'left')) end
if redis.call('LLEN', KEYS[3]) ~= 2 * due then return -2 end
local count = math.min(due, tonumber(ARGV[5]))
if count > 0 then
  local taken = redis.call('LPOP', KEYS[3], 2 * count)
  local last = redis.call('HINCRBY', KEYS[1], 'sequence', count)
  for i = 1, count do
    redis.call('XADD', KEYS[4 + tonumber(taken[2 * i - 1])], (last - count + i) .. '-0', 'e', taken[2 * i])
  end
end
redis.call('HSET', KEYS[1], 'moved', ARGV[2], 'left', due - count)
redis.call('PUBLISH', ARGV[6], 'changes')
if due > count then return -3 end
if ARGV[7] ~= '' then redis.call('HSET', KEYS[1], 'position', ARGV[7]) end
redis.call('SREM', KEYS[2], ARGV[3])
return 0`;
export const MORE = -3;

/** Removes a list that no snapshot names. KEYS: meta, lists, the list. ARGV: generation, id. */
export const DROP = `${FENCE}
redis.call('HINCRBY', KEYS[1], 'waiting', -redis.call('LLEN', KEYS[3]) / 2)
redis.call('DEL', KEYS[3])
redis.call('SREM', KEYS[2], ARGV[2])
return 0`;
