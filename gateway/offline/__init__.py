"""What the offline commands share: finding and reading payloads, saying where a finding stands."""
