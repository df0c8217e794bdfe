"""The page that `compactor dashboard` serves on loopback: sessions, budgets and alerts of a store, live."""
