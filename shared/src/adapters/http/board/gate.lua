-- The gate's decisions inside Redis: `machine.rs` in Lua, step by step. One call, one round trip, one clock: Redis's own.
--
-- KEYS[1]  the account's state, a hash
-- KEYS[2]  since when Redis remembers states
-- ARGV     now (or '' for Redis's time), step, then the step's numbers; spans and instants in microseconds
-- Answers  {verdict, number, lease, tokens, now, the seven numbers of the state}; verdicts: 0 go, 1 limited, 2 open, 3 noted

local FAILURES_MAX, OPEN, PROBE_OUT, PROBE = 5, 30000000, 2000000, 40000000
local PAUSE_MAX, BACKOFF_MAX, SET_BACK = 3600000000, 60000000, 60000000
local BOOKED_MAX, KEPT_MS = 2000000, 86400000
local FIELDS = {'full_at', 'paused_until', 'throttles', 'failures', 'opened_at', 'open_until', 'probe_until'}

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local step = ARGV[2]
local a, b, c, d, e = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

local found = redis.call('HMGET', KEYS[1], unpack(FIELDS))
local known, s = found[1], {}
for i, field in ipairs(FIELDS) do s[field] = tonumber(found[i] or '0') end

local function since()
  local text = redis.call('GET', KEYS[2])
  if text then return tonumber(text) end
  redis.call('SET', KEYS[2], string.format('%.0f', now))
  return now
end

local function ahead(at, most)
  local span = at - now
  if span > most + SET_BACK or span < 0 then return 0 end
  return span
end

local function clamped(interval, burst)
  return math.max(now, math.min(s.full_at, now + interval * burst + SET_BACK))
end

local function closed_for()
  local open, probe = ahead(s.open_until, OPEN), ahead(s.probe_until, PROBE)
  if open > 0 then return math.min(open, OPEN) end
  if s.open_until ~= 0 and probe > 0 then return math.min(probe, PROBE_OUT) end
  return nil
end

local function is_probe(lease)
  return lease ~= 0 and lease == s.probe_until
end

local function answered(lease)
  if s.open_until == 0 or is_probe(lease) then
    s.failures, s.opened_at, s.open_until, s.probe_until = 0, 0, 0, 0
  end
end

local function is_calm()
  return s.throttles == 0 and s.failures == 0 and s.open_until == 0 and ahead(s.paused_until, PAUSE_MAX) == 0
end

local function admit(tokens)
  local pause = ahead(s.paused_until, PAUSE_MAX)
  if pause > 0 then return 1, pause, 0 end
  local after = closed_for()
  if after then return 2, after, 0 end
  if s.open_until ~= 0 then
    s.probe_until = now + PROBE
    return 0, 0, s.probe_until, tokens
  end
  return 0, 0, 0, tokens
end

local steps = {}

function steps.enter() -- interval, burst, room, wait_max, want
  -- A state that is not there may have been lost when Redis last lost everything: then the bucket was as empty as it can have been, with
  -- every token booked that can have been. An account that is new long after that has a full one.
  if not known then s.full_at = since() + a * b + BOOKED_MAX end
  local after = closed_for()
  if after then return 2, after, 0 end
  local used = clamped(a, b) - now
  local wait = math.max(used + a * (1 - c), ahead(s.paused_until, PAUSE_MAX), 0)
  if wait > d then return 1, wait, 0 end
  local spare = 0
  if wait == 0 and is_calm() then spare = c - math.floor(b / 2) - math.floor(used / a) - 1 end
  local tokens = math.max(math.min(e, spare), 1)
  s.full_at = now + used + a * tokens
  if wait > 0 then return 0, wait, 0, tokens end
  return admit(tokens)
end

function steps.admit()
  return admit(1)
end

function steps.answered() -- lease
  answered(a)
  s.throttles = 0
  return 3, 0, 0
end

function steps.failed() -- lease
  local closed = s.open_until == 0
  if closed or is_probe(a) then
    s.failures = s.failures + 1
    if s.failures >= FAILURES_MAX then
      if closed then s.opened_at = now end
      s.open_until, s.probe_until = now + OPEN, 0
    end
  end
  return 3, 0, 0
end

function steps.throttled() -- lease, asked (-1: nothing)
  answered(a)
  local own = math.min(1000000 * 2 ^ math.min(s.throttles, 6), BACKOFF_MAX)
  if s.paused_until <= now then s.throttles = s.throttles + 1 end
  local pause = own
  if b >= 0 then pause = math.min(b, PAUSE_MAX) end
  s.paused_until = math.max(s.paused_until, now + pause)
  return 3, s.paused_until - now, 0
end

function steps.abandoned() -- lease
  if is_probe(a) then s.probe_until = 0 end
  return 3, 0, 0
end

function steps.empty() -- interval, burst, hold
  s.full_at = math.max(clamped(a, b), now + a * b + c)
  return 3, 0, 0
end

function steps.look()
  return 3, 0, 0
end

local verdict, number, lease, tokens = steps[step]()

-- The bucket of an account that was forgotten stays unknown until somebody enters: what is only reported says nothing about it.
local write = {}
for i, field in ipairs(FIELDS) do
  local text = string.format('%.0f', s[field])
  if text ~= (found[i] or '0') and (i > 1 or known or step == 'enter' or step == 'empty') then
    write[#write + 1] = field
    write[#write + 1] = text
  end
end
if #write > 0 then redis.call('HSET', KEYS[1], unpack(write)) end
if step ~= 'look' then redis.call('PEXPIRE', KEYS[1], KEPT_MS) end
return {verdict, number, lease, tokens or 0, now, s.full_at, s.paused_until, s.throttles, s.failures, s.opened_at, s.open_until, s.probe_until}
