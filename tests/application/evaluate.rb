# Evaluates Ruby for tests: a line of JSON with code and what it is given, a line back with its value or what it raised.
require "json"

answers = $stdout.dup
answers.sync = true
$stdout.reopen($stderr)

while (line = $stdin.gets)
  asked = JSON.parse(line)
  room = Object.new.instance_eval { binding }
  asked["given"].each { |name, value| room.local_variable_set(name, value) }
  begin
    answer = { value: room.eval(asked["code"]) }
  rescue StandardError, ScriptError => e
    answer = { raised: e.class.name, message: e.message }
  end
  answers.puts(JSON.generate(answer))
end
