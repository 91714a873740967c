/** Milliseconds of Redis's own clock: the only one that all processes share. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * Says which partitions an instance has, and gives it free ones up to its share. Whoever is late is forgotten first. KEYS: meta, members, sessions, leases,
 * acknowledged. ARGV: instance, lease in ms, partitions, channel, session of one that joins or ''.
 * Answer: 0 when the instance is not known, else 1, its share, and partition, epoch and acknowledged number of each.
 */
export const SHARE = `${NOW}
local instance = ARGV[1]
local changed = false
if ARGV[5] ~= '' then
  changed = redis.call('ZADD', KEYS[2], now + ARGV[2], instance) == 1
  redis.call('HSET', KEYS[3], instance, ARGV[5])
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
  redis.call('ZREM', KEYS[2], gone)
  redis.call('HDEL', KEYS[3], gone)
  changed = true
end
if changed then redis.call('PUBLISH', ARGV[4], 'members') end
local members = redis.call('ZRANGE', KEYS[2], 0, -1)
table.sort(members)
local alive = {}
local rank = nil
for i, member in ipairs(members) do
  alive[member] = true
  if member == instance then rank = i end
end
if rank == nil then return {0} end
local count = tonumber(ARGV[3])
local share = math.floor(count / #members)
if rank <= count % #members then share = share + 1 end
local owners = {}
local leases = redis.call('HGETALL', KEYS[4])
for i = 1, #leases, 2 do owners[leases[i]] = leases[i + 1] end
local mine = {}
local free = {}
for p = 0, count - 1 do
  local lease = owners[tostring(p)]
  local owner = lease and string.match(lease, ' (.*)$')
  if owner == instance then
    table.insert(mine, p)
  elseif owner == nil or not alive[owner] then
    table.insert(free, p)
  end
end
for _, p in ipairs(free) do
  if #mine >= share then break end
  local epoch = redis.call('HINCRBY', KEYS[1], 'epoch', 1)
  owners[tostring(p)] = epoch .. ' ' .. instance
  redis.call('HSET', KEYS[4], p, owners[tostring(p)])
  table.insert(mine, p)
end
local answer = {1, share}
for _, p in ipairs(mine) do
  table.insert(answer, p)
  table.insert(answer, tonumber(string.match(owners[tostring(p)], '^(%d+) ')))
  table.insert(answer, tonumber(redis.call('HGET', KEYS[5], p) or '0'))
end
return answer`;

/**
 * Acknowledges, gives partitions back, and says that the instance lives. What another instance has by now is left alone.
 * KEYS: meta, members, sessions, leases, acknowledged, partitions. ARGV: instance, lease in ms, channel, 1 when it leaves, number of acknowledgements, then partition, epoch and number of
 * each, then partitions given back. Answer: 1 when the instance is known, then the partitions it has no more.
 */
export const ACKNOWLEDGE = `${NOW}
local instance = ARGV[1]
local answer = {redis.call('ZSCORE', KEYS[2], instance) and 1 or 0}
local function owner(p) return redis.call('HGET', KEYS[4], p) end
local at = 6
for i = 1, tonumber(ARGV[5]) do
  local p, epoch, number = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  at = at + 3
  if owner(p) ~= epoch .. ' ' .. instance then
    table.insert(answer, tonumber(p))
  elseif number > tonumber(redis.call('HGET', KEYS[5], p) or '0') then
    redis.call('HSET', KEYS[5], p, number)
    local removed = redis.call('XTRIM', KEYS[6 + tonumber(p)], 'MINID', '=', (number + 1) .. '-0')
    if removed > 0 then redis.call('HINCRBY', KEYS[1], 'waiting', -removed) end
  end
end
local moved = false
for i = at, #ARGV do
  local lease = owner(ARGV[i])
  if lease and string.match(lease, ' (.*)$') == instance then
    redis.call('HDEL', KEYS[4], ARGV[i])
    moved = true
  end
end
if ARGV[4] == '1' then
  redis.call('ZREM', KEYS[2], instance)
  redis.call('HDEL', KEYS[3], instance)
  moved = true
else
  redis.call('ZADD', KEYS[2], 'XX', 'GT', now + ARGV[2], instance)
end
if moved then redis.call('PUBLISH', ARGV[3], 'members') end
return answer`;

/** The stream of an instance broke: it has a moment to come back, unless it has. KEYS: members, sessions. ARGV: instance, session, moment in ms. */
export const DETACH = `${NOW}
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('ZADD', KEYS[1], 'XX', 'LT', now + ARGV[3], ARGV[1])
return 1`;

/** Appends a dead letter that comes back, once for each attempt. KEYS: meta, replayed, schemas, the partition. ARGV: letter and attempts, kept for ms, body, channel, id of the shape, the shape. */
export const REPLAY = `${NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[2])
if redis.call('ZADD', KEYS[2], 'NX', now, ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[3], ARGV[5], ARGV[6])
local number = redis.call('HINCRBY', KEYS[1], 'sequence', 1)
redis.call('HINCRBY', KEYS[1], 'waiting', 1)
redis.call('XADD', KEYS[4], number .. '-0', 'e', ARGV[3])
redis.call('PUBLISH', ARGV[4], 'changes')
return 1`;
