-- A part's removal, unless the entry has a newer one. A mark stays.
-- KEYS: the entry. ARGV: the part's field, its last stamp, seconds that a fresh entry is kept.
local call, key, field = redis.call, KEYS[1], ARGV[1]
local old = call('HGET', key, field)
if old and order(ARGV[2], old) < 0 then return 0 end
call('HSET', key, field, ARGV[2] .. ' -')
call('EXPIRE', key, ARGV[3], 'NX')
return 1
