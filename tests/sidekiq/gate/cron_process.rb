# A process with sidekiq-cron as it is installed: its own Job and poll, a heartbeat as Sidekiq writes it, no workers.
# URL IDENTITY PERIOD: fires into queue:cron every PERIOD seconds, with the moment as its argument.
require "sidekiq"
require "sidekiq-cron"
require "sidekiq/cron/poller"

url, identity, period = ARGV
$stdout.sync = true
Sidekiq.logger.level = Logger::ERROR
Redis.sadd_returns_boolean = false if Redis.respond_to?(:sadd_returns_boolean=)
Sidekiq.configure_client { |config| config.redis = {url: url} }
Sidekiq::Cron::Job.load_from_hash(
  "every" => {"class" => "Nobody", "cron" => "*/#{period} * * * * *", "queue" => "cron", "date_as_argument" => true}
)
poller = Sidekiq::Cron::Poller.allocate
puts "ready"
loop do
  Sidekiq.redis do |redis|
    redis.sadd("processes", identity)
    redis.hmset(identity, "info", "{}", "beat", Time.now.to_f, "busy", 0, "quiet", "false")
    redis.expire(identity, 60)
  end
  poller.enqueue
  sleep 0.9
end
