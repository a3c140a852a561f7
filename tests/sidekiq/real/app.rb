# The application as `sidekiq -r app.rb` loads it. SIDE is written beside each job in JOBLOG; TRIED is a folder of what failed once.
require "json"
require "sidekiq"
require "sidekiq/api"
require "sidekiq/cli"
require "sidekiq/launcher"

# What Sidekiq waits for is made short: a fetch, a beat, the poller's beginning, and what it adds to the delay of a retry by chance.
Sidekiq::BasicFetch.send(:remove_const, :TIMEOUT)
Sidekiq::BasicFetch::TIMEOUT = 1
Sidekiq::Launcher.send(:remove_const, :BEAT_PAUSE)
Sidekiq::Launcher::BEAT_PAUSE = 0.5
Sidekiq::Scheduled::Poller.prepend(Module.new { def initial_wait = nil })
Sidekiq::JobRetry.prepend(Module.new { def rand(*) = 0 })
Sidekiq.options[:poll_interval_average] = 0.2
Sidekiq.options[:concurrency] = 4
Sidekiq.logger.level = Logger::WARN

# Redis 3.2 is refused by workers of 6.x, and has no UNLINK: nothing else is newer than it.
Sidekiq.singleton_class.prepend(Module.new { def redis_info = super.merge("redis_version" => "4.0.0") })
Redis::Commands::Keys.prepend(Module.new { def unlink(*keys) = del(*keys) })
Redis.silence_deprecations = true

# One write at the end of a file: lines of several processes do not mix.
def note(what, number) = File.open(ENV.fetch("JOBLOG"), "a") { |log| log.syswrite("#{what} #{number} #{ENV.fetch("SIDE")}\n") }

class Work
  include Sidekiq::Worker
  def perform(number, *) = note("done", number)
end

class FailsOnce
  include Sidekiq::Worker
  sidekiq_retry_in { 1 }

  def perform(number)
    File.open(File.join(ENV.fetch("TRIED"), number.to_s), File::CREAT | File::EXCL).close
  rescue Errno::EEXIST
    note("done", number)
  else
    note("failed", number)
    raise "the first time"
  end
end

# On the old side it never ends: it is pushed back when the worker is stopped.
class Stuck
  include Sidekiq::Worker

  def perform(number)
    note("begun", number)
    sleep if ENV.fetch("SIDE") == "old"
    note("done", number)
  end
end
