-- The first members if the shard is complete; 0 while somebody rebuilds it; else the fill mark.
-- KEYS: the shard's hash and its sorted set. ARGV: the epoch, a mark, how many, seconds that a
-- rebuild has for each of its steps, seconds that a shard is kept while it is rebuilt.
local call, hash, zset = redis.call, KEYS[1], KEYS[2]
local mark = whole()
if mark and call('HGET', hash, '\1c') == ARGV[1] then
    return call('ZRANGE', zset, '+inf', '(-inf', 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[3], 'WITHSCORES')
end
local now, since = tonumber(call('TIME')[1]), mark and call('HGET', hash, '\1t')
if since and now - tonumber(since) < tonumber(ARGV[4]) then return 0 end
if not mark then
    call('UNLINK', hash, zset)
    mark = ARGV[2]
    call('ZADD', zset, '-inf', '\1f')
    call('EXPIRE', zset, ARGV[5])
end
call('HSET', hash, '\1f', mark, '\1t', now)
call('EXPIRE', hash, ARGV[5], 'NX')
return mark
