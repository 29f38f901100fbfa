"""The roles of the tensor engine's warps, for a model of the machine code's time: the loop that each runs, marked in the source by //@. The model
walks straight through a loop. Left out are cost, targets and examples, which chain warps do beside the chain, and the rare tiles: the branches around
them are marked //@skip //@rare. Without //@skip there, each product warp has a rare tile in each group."""
STEPS = 2  # of a group
ROLES = [
    dict(name="chain", loop=["signal zread", "signal deltas"], warps=[0, 1, 2, 3], per=STEPS, frame=3),
    dict(name="product", loop="signal zfull", warps=list(range(4, 16)), per=STEPS, frame=3),
]
TOKENS = {"zfull": dict(count=12, lag=STEPS), "zread": dict(count=4, lag=0), "deltas": dict(count=4, lag=STEPS)}  # those of the group before
ITERS = 40
