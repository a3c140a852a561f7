"""What CloudFormation or a service refuses of head: by cfn-lint what schemas can say, by a file of rules for each subject the rest."""
