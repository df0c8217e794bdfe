"""What somebody who watches over a store is shown and told: figures out of its rows, alerts by rule."""
