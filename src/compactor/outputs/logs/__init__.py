"""What the lines of logs are: failures, frames of stacks, results of test runners and compilers, prefixes, repeats."""
