"""The steps of a split as a model: an operator, engines that die at any instruction, one that wakes up late, and an --on-go that fails."""
