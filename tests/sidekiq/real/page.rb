# URL. What the web page shows, by the classes that it asks, at a moment that never changes.
require "base64"
require_relative "app"

MOMENT = Time.at(1_900_000_000)
Time.singleton_class.prepend(Module.new { def now = MOMENT })
Sidekiq.redis = {url: ARGV[0]}

# Of what is no JSON the page shows the bytes, and Sidekiq makes no text of them.
def shown(job)
  said = [Base64.strict_encode64(job.value), job.queue, job.klass, job.jid, job.error_backtrace, job.tags]
  said << job.args if job.value.dup.force_encoding("UTF-8").valid_encoding?
  job.respond_to?(:score) ? said.push(job.score, job.at.to_f) : said.push(job.latency, job.enqueued_at.to_f)
end

stats = Sidekiq::Stats.new
history = Sidekiq::Stats::History.new(3, Date.today + 1)
puts JSON.generate(
  queues: Sidekiq::Queue.all.map { |queue| [queue.name, queue.size, queue.paused?, queue.latency, queue.map { |job| shown(job) }] },
  sets: [Sidekiq::RetrySet, Sidekiq::ScheduledSet, Sidekiq::DeadSet].map { |set| [set.new.size, set.new.map { |job| shown(job) }] },
  stats: [stats.processed, stats.failed, stats.scheduled_size, stats.retry_size, stats.dead_size, stats.enqueued, stats.queues.sort.to_h,
    stats.default_queue_latency],
  history: [history.processed, history.failed]
)
