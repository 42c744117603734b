-- The entry if it is complete, else its fill mark, which is put there if there is none.
-- KEYS: the entry. ARGV: the epoch, a mark, seconds that a fresh entry is kept.
local call, key = redis.call, KEYS[1]
local marks = call('HMGET', key, 'c', 'f')
if marks[1] == ARGV[1] then return call('HGETALL', key) end
if marks[2] then return marks[2] end
call('HSET', key, 'f', ARGV[2])
call('EXPIRE', key, ARGV[3], 'NX')
return ARGV[2]
