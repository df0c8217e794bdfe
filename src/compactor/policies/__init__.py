"""What a user can set, one frozen model a station; `compactor.policy` puts them together."""
