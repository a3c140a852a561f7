# URL of the old side, URL of the new one. For each line on stdin it enqueues some jobs of every kind on both, and answers with their numbers.
require_relative "app"

pools = ARGV.map { |url| Sidekiq::RedisConnection.create(url: url, size: 10) }
$stdout.sync = true
number = 0
first_stuck = Integer(ENV.fetch("STUCK"))

if first_stuck.positive?
  stuck = Array.new(first_stuck) { [number += 1] }
  Sidekiq::Client.via(pools[0]) { Sidekiq::Client.push_bulk("class" => Stuck, "args" => stuck) }
end
puts number
while $stdin.gets
  pools.each do |pool|
    Sidekiq::Client.via(pool) do
      Work.perform_async(number += 1, "123-45-6789 \u00fc\u0000")
      Work.set(queue: "low").perform_async(number += 1)
      Work.perform_in(0.5 + rand, number += 1)
      FailsOnce.perform_async(number += 1)
      Sidekiq::Client.push_bulk("class" => Work, "args" => Array.new(6) { [number += 1] })
    end
  end
  puts number
end
