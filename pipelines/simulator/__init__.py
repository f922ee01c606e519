"""The simulated country: one coherent world that every source's writer draws from.

People and animals take invented products of invented substances, suffer events, and report some of them, through
senders that misspell, follow up, repeat and withdraw. A few true excesses are planted from a known month, beside
artefacts (a media wave, a masking pair). It knows nothing of the methods that look for them.
"""
