"""What moto lacks around them: recorded and checked calls, the Lambda runtime, state machines, the network that is there before."""
