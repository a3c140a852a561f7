# What a real Sidekiq writes, and what its own API then says of it: jobs now and later, a dead one, a heartbeat. ARGV: the server's URL.
require "json"
require "sidekiq"
require "sidekiq/api"
require "sidekiq/cli"
require "sidekiq/launcher"

# Redis 3.2 has no UNLINK, which a heartbeat of 6.x sends; nothing else of it is newer.
Redis::Commands::Keys.prepend(Module.new { def unlink(*keys) = del(*keys) })
Sidekiq.logger.level = Logger::ERROR
Redis.silence_deprecations = true
Sidekiq.redis = { url: ARGV[0] }
Sidekiq::Client.push("class" => "Real::Job", "args" => ["123-45-6789"], "queue" => "low|x")
Sidekiq::Client.push("class" => "Real::Job", "args" => ["123-45-6789"], "queue" => "low|x")
Sidekiq::Client.push("class" => "Real::Later", "args" => [], "at" => Time.now.to_f + 9000)
Sidekiq::DeadSet.new.kill(Sidekiq.dump_json("class" => "Real::Dead", "args" => [], "jid" => "1", "queue" => "default"))
Sidekiq::Launcher.new(Sidekiq.options.merge(queues: ["low|x", "default"], concurrency: 3)).send(:heartbeat)
stats = Sidekiq::Stats.new
process = Sidekiq::ProcessSet.new.first
puts JSON.generate(
  queues: stats.queues, scheduled: stats.scheduled_size, dead: stats.dead_size, latency: Sidekiq::Queue.new("low|x").latency,
  identity: process.identity, concurrency: process["concurrency"], listed: process["queues"], quiet: process["quiet"]
)
