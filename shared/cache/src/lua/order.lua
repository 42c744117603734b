-- order(a, b): above, at or below zero as the stamp that begins a is newer than, the same as or
-- older than the one that begins b. Digits are compared as numbers, because Lua compares texts by
-- the server's locale; regions byte by byte.
local function order(a, b)
    local x, y = tonumber(string.sub(a, 1, 8), 16), tonumber(string.sub(b, 1, 8), 16)
    if x == y then
        x, y = tonumber(string.sub(a, 9, 16), 16), tonumber(string.sub(b, 9, 16), 16)
    end
    if x ~= y then return x - y end
    local m, n = string.match(a, '^[^ ]*', 17), string.match(b, '^[^ ]*', 17)
    if m == n then return 0 end
    for i = 1, math.max(#m, #n) do
        x, y = string.byte(m, i) or 0, string.byte(n, i) or 0
        if x ~= y then return x - y end
    end
    return 0
end
