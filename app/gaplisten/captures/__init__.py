"""What is left after a call: captures of its packets and logs of it, turned into loss traces.

`formats` reads files into `streams` of packets, `timeline` lays a stream out on the clock of its sound,
`buffer` says what a jitter buffer of some length would have lost, `sound` decodes what needs no codec.
"""
