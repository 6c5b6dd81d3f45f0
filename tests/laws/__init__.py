"""Laws of the pure heart, over every combination of policy, factors, evidence, network and demand."""
