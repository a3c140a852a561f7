# URL. Everything that a Sidekiq keeps without a process that works: jobs now, later, to be tried again, dead, and what was counted.
require_relative "app"

Sidekiq.redis = {url: ARGV[0]}
odd = ["\u00fc \u{1f600} \\ \"", "\u0000\n", 2**60, 1.5e-300, nil, {"ssn" => "123-45-6789"}]
20.times { |number| Work.set(queue: ["default", "low|x", "critical"][number % 3]).perform_async(number, *odd) }
Sidekiq::Client.push_bulk("class" => Work, "args" => Array.new(150) { |number| [number] })
12.times { |number| Work.perform_at(2_000_000_000.123456 + number / 3.0, number) }
retrier = Sidekiq::JobRetry.new
9.times do |number|
  job = Sidekiq.dump_json("class" => "Work", "args" => [number], "jid" => "%024x" % number, "queue" => "default", "retry" => 25, "backtrace" => true)
  retrier.local(Work.new, job, "default") { raise ArgumentError, "invalid \xff".b }
rescue Sidekiq::JobRetry::Skip
  nil
end
7.times { |number| Sidekiq::DeadSet.new.kill(Sidekiq.dump_json("class" => "Work", "args" => [number], "jid" => "#{number}", "queue" => "low|x")) }
Sidekiq::DeadSet.new.kill("{\xff no JSON".b, notify_failure: false)
Sidekiq::Processor::PROCESSED.incr(1234)
Sidekiq::Processor::FAILURE.incr(56)
Sidekiq::Launcher.flush_stats
