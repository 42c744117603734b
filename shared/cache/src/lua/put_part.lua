-- A part, unless the entry has it as new or newer, or a mark of its removal that is.
-- KEYS: the entry. ARGV: the part's field, its value, when the entry may go (epoch seconds).
local call, key, field = redis.call, KEYS[1], ARGV[1]
local old = call('HGET', key, field)
if old then
    if order(ARGV[2], old) <= 0 then return 0 end
    call('HSET', key, field, ARGV[2])
    -- What has a field has an expiry. It only grows.
    call('EXPIREAT', key, ARGV[3], 'GT')
    return 1
end
call('HSET', key, field, ARGV[2])
if call('EXPIREAT', key, ARGV[3], 'NX') == 0 then call('EXPIREAT', key, ARGV[3], 'GT') end
return 1
