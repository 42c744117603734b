-- Parts as the table has them, each put if newer. The entry is complete if it still has the mark.
-- KEYS: the entry. ARGV: the mark, the epoch, when the entry may go (epoch seconds), then a field
-- and a value for each part.
local call, key = redis.call, KEYS[1]
local marked = call('HGET', key, 'f') == ARGV[1]
for i = 4, #ARGV, 2 do
    local old = call('HGET', key, ARGV[i])
    if not old or order(ARGV[i + 1], old) > 0 then call('HSET', key, ARGV[i], ARGV[i + 1]) end
end
if #ARGV > 4 and call('EXPIREAT', key, ARGV[3], 'NX') == 0 then
    call('EXPIREAT', key, ARGV[3], 'GT')
end
if not marked then return 0 end
call('HSET', key, 'c', ARGV[2])
return 1
