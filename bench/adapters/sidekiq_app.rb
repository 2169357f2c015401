# Sidekiq as a contender. Its client is synchronous, so the mode `single` has one call in flight.
require 'sidekiq'
require 'json'

def now_ns = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)

server = { url: ENV.fetch('BENCH_REDIS_URL') }
Sidekiq.configure_client { |config| config.redis = server }
Sidekiq.configure_server { |config| config.redis = server; config.logger.level = 4 }
LOG = ENV['BENCH_LOG'] && File.open(ENV['BENCH_LOG'], 'a')

class BenchJob
  include Sidekiq::Worker

  def perform(i, t, w)
    LOG.syswrite("S #{i} #{t} #{now_ns} #{Process.pid}\n")
    return unless w > 0

    sleep(w / 1000.0)
    LOG.syswrite("D #{i} 0 #{now_ns} #{Process.pid}\n")
  end
end

def enqueue(given)
  n, from, w = %w[--n --from --work-ms].map { |name| given[name].to_i }
  began = now_ns
  if given['--mode'] == 'bulk'
    (0...n).each_slice(1000) { |ks| Sidekiq::Client.push_bulk('class' => BenchJob, 'args' => ks.map { |k| [from + k, now_ns, w] }) }
  else
    n.times do |k|
      BenchJob.perform_async(from + k, now_ns, w)
      sleep(given['--interval-ms'].to_f / 1000) if given['--mode'] == 'paced'
    end
  end
  puts JSON.generate(n: n, seconds: (now_ns - began) / 1e9)
end

if __FILE__ == $PROGRAM_NAME
  verb = ARGV.shift
  given = Hash[*ARGV]
  case verb
  when 'setup' then Sidekiq.redis(&:flushdb)
  when 'enqueue' then enqueue(given)
  when 'worker' then exec('sidekiq', '-r', File.expand_path(__FILE__), '-c', given.fetch('--concurrency', '10'))
  end
end
