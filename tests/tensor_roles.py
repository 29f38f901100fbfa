"""The roles of the tensor engine's warps, for a model of the machine code's time: the loop that each runs, marked in the source by //@. The model
walks straight through a loop: beside the chain, all chain warps do what warp 2 does; cost, targets, examples and the last tile are left out."""
STEPS = 2  # of a group
ROLES = [
    dict(name="chain", loop="chain", warps=[0, 1, 2, 3], per=STEPS, frame=3),
    dict(name="product", loop="product", warps=list(range(4, 16)), per=STEPS, frame=3),
]
TOKENS = {"zread": dict(count=4, lag=0)}
ITERS = 40
