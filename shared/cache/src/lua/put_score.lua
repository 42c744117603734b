-- A part of a score, or its removal, in a shard that somebody has asked for: what is in the table
-- when the first one asks is read from there.
-- KEYS: the shard's hash and its sorted set. ARGV: member, region, stamp, number or `-`.
if not whole() then return 0 end
return put(ARGV[1], ARGV[2], ARGV[3], ARGV[4])
