-- A step of a rebuild: parts as the table has them. The last step marks the shard as complete.
-- KEYS: the shard's hash and its sorted set. ARGV: the mark, the epoch (empty unless this is the
-- last step), seconds that a complete shard is kept, then member, region, stamp and number of each
-- part.
local call = redis.call
if not whole(ARGV[1]) then return 0 end
for i = 4, #ARGV, 4 do put(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]) end
if ARGV[2] == '' then
    call('HSET', KEYS[1], '\1t', call('TIME')[1])
    return 1
end
call('HSET', KEYS[1], '\1c', ARGV[2])
call('HDEL', KEYS[1], '\1t')
call('EXPIRE', KEYS[1], ARGV[3])
call('EXPIRE', KEYS[2], ARGV[3])
return 1
