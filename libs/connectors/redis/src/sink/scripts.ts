/**
 * Scripts run as one step: nothing else at the server happens between, and the append-only file has all of one or nothing.
 * KEYS[1] is the hash `meta`; ARGV[1] the generation, ARGV[2] the number of scripts that were applied before, so that a server that was set back is noticed.
 */
const GUARD = `
local newest = tonumber(redis.call('HGET', KEYS[1], 'fence') or '0')
if newest > tonumber(ARGV[1]) then return newest end
if redis.call('HGET', KEYS[1], 'applied') ~= ARGV[2] then return -2 end
`;

/** Answers: 0 done, above 0 the generation that has taken over. */
export const DONE = 0;
export const SET_BACK = -2;
export const MORE = -3;
/** And below: the key (as -10 - its number) that holds another type. */
export const OTHER_TYPE = -10;

/** ARGV: generation, forget the position or not. Answers with what there is: applied, position, last list moved and what is left of it, what broke. */
export const CLAIM = `
local newest = tonumber(redis.call('HGET', KEYS[1], 'fence') or '0')
if newest > tonumber(ARGV[1]) then return newest end
redis.call('HSET', KEYS[1], 'fence', ARGV[1])
redis.call('HSETNX', KEYS[1], 'applied', '0')
if ARGV[2] == '1' then redis.call('HDEL', KEYS[1], 'position') end
return redis.call('HMGET', KEYS[1], 'applied', 'position', 'moved', 'left', 'broken')`;

/**
 * A refused command in the middle cannot be undone: it is written down, so that nothing goes on behind it.
 * ARGV: generation, applied, position, type of the keys, then of each command: name, index of its key, number of arguments, arguments.
 * KEYS: meta, keys.
 */
export const APPLY = `${GUARD}
if ARGV[4] ~= '' then
  for i = 2, #KEYS do
    local found = redis.call('TYPE', KEYS[i]).ok
    if found ~= 'none' and found ~= ARGV[4] then return -10 - i end
  end
end
local i = 5
while i <= #ARGV do
  local count = tonumber(ARGV[i + 2])
  local answer = redis.pcall(ARGV[i], KEYS[tonumber(ARGV[i + 1])], unpack(ARGV, i + 3, i + 2 + count))
  if type(answer) == 'table' and answer.err then
    if i > 5 then redis.call('HSET', KEYS[1], 'broken', answer.err) end
    return answer
  end
  i = i + 3 + count
end
redis.call('HINCRBY', KEYS[1], 'applied', 1)
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'position', ARGV[3]) end
return 0`;

/** Puts commands aside until a snapshot covers them. KEYS: meta, lists, the list. ARGV: generation, applied, id of the list, then commands with their keys. */
export const STAGE = `${GUARD}
redis.call('SADD', KEYS[2], ARGV[3])
local i = 4
while i <= #ARGV do
  local count = tonumber(ARGV[i + 2])
  redis.call('RPUSH', KEYS[3], cmsgpack.pack({ARGV[i], ARGV[i + 1], unpack(ARGV, i + 3, i + 2 + count)}))
  i = i + 3 + count
end
redis.call('HINCRBY', KEYS[1], 'applied', 1)
return 0`;

/**
 * Runs the first commands of a list; MORE: there are more. How many are left stands in \`meta\`, so that a list that lost some is told from one that was
 * moved in part. ARGV: generation, number of the list, its id, its length, arguments at a time, position at its end, type of the keys.
 * KEYS: meta, lists, the list, keys that the commands touch.
 */
export const MOVE = `
local newest = tonumber(redis.call('HGET', KEYS[1], 'fence') or '0')
if newest > tonumber(ARGV[1]) then return newest end
local moved = tonumber(redis.call('HGET', KEYS[1], 'moved') or '0')
local left = tonumber(redis.call('HGET', KEYS[1], 'left') or '0')
if moved > tonumber(ARGV[2]) then return 0 end
local due = tonumber(ARGV[4])
if moved == tonumber(ARGV[2]) then due = left end
if redis.call('LLEN', KEYS[3]) ~= due then return -2 end
if ARGV[7] ~= '' then
  for i = 4, #KEYS do
    local found = redis.call('TYPE', KEYS[i]).ok
    if found ~= 'none' and found ~= ARGV[7] then return -10 - i end
  end
end
local room = tonumber(ARGV[5])
while due > 0 and room > 0 do
  local command = cmsgpack.unpack(redis.call('LPOP', KEYS[3]))
  local answer = redis.pcall(unpack(command))
  if type(answer) == 'table' and answer.err then
    redis.call('HSET', KEYS[1], 'broken', answer.err)
    return answer
  end
  room = room - #command
  due = due - 1
end
redis.call('HSET', KEYS[1], 'moved', ARGV[2], 'left', due)
if due > 0 then return -3 end
if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'position', ARGV[6]) end
redis.call('SREM', KEYS[2], ARGV[3])
return 0`;

/** Removes a list that no snapshot names. KEYS: meta, lists, the list. ARGV: generation, applied, id. */
export const DROP = `${GUARD}
redis.call('UNLINK', KEYS[3])
redis.call('SREM', KEYS[2], ARGV[3])
redis.call('HINCRBY', KEYS[1], 'applied', 1)
return 0`;
