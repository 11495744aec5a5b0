"""From trades to the registry: instructions, delivery versus payment, reconciliation; and the registry."""
