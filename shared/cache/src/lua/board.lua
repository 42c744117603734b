-- A shard of a board is two keys that go together: a hash of the members' parts, and the members
-- by their sums. Each can be evicted alone, so each carries a mark that no member can be named.
-- whole(mark): is this shard the one that was begun under the mark (or under any)?
local function whole(mark)
    local found = redis.call('HGET', KEYS[1], '\1f')
    return found and (found == mark or not mark) and redis.call('ZSCORE', KEYS[2], '\1f') and found
end
-- put(member, region, stamp, n): what a region counted of a member, if that is newer; n is `-` when
-- the part is gone, which wins over one with the same stamp. The member's value in the hash is
-- `REGION STAMP N,` for each region; its score is the sum of those that are there.
local function put(member, region, stamp, n)
    local kept, sum, any = {}, 0, false
    for r, s, m in string.gmatch(redis.call('HGET', KEYS[1], member) or '', '(%S+) (%S+) (%S+),') do
        if r ~= region then
            kept[#kept + 1] = r .. ' ' .. s .. ' ' .. m .. ','
            if m ~= '-' then sum, any = sum + tonumber(m), true end
        else
            local newer = order(stamp, s)
            if newer < 0 or (newer == 0 and n ~= '-') then return 0 end
        end
    end
    kept[#kept + 1] = region .. ' ' .. stamp .. ' ' .. n .. ','
    redis.call('HSET', KEYS[1], member, table.concat(kept))
    if n ~= '-' then sum, any = sum + tonumber(n), true end
    if any then
        redis.call('ZADD', KEYS[2], string.format('%.0f', sum), member)
    else
        redis.call('ZREM', KEYS[2], member)
    end
    return 1
end
