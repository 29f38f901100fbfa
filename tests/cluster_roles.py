"""The roles of the cluster engine's warps, for a model of the machine code's time: which loop each runs, marked in the source by //@wait and
//@signal, and which signals of which earlier step it waits for."""
LAG = 3  # ANNC_CLUSTER_LAG
PRODUCT_WARPS = 9
ROLES = [
    dict(name="chain", loop="signal dready", warps=[0, 1, 2, 3], sm=0, per=2, frame=3),
    dict(name="prepare", loop="signal zready", warps=[4, 5], sm=0, stride=2),
    dict(name="prepare1", loop="signal zready", warps=[6, 7], sm=0, stride=2, offset=1),
    dict(name="bias", loop=["a2", "bias"], warps=[8], sm=0),
    dict(name="score", loop=["wait z2ready", "score"], warps=[PRODUCT_WARPS + 2], sm=1),
    dict(name="split", loop="signal dsplit", warps=[PRODUCT_WARPS + 4], sm=1),
    dict(name="product", loop=["product", "wait dsplit", "signal pfull"], warps=list(range(PRODUCT_WARPS - 1)), sm=1),
    dict(name="product1", loop=["product of one tile", "wait dsplit", "signal pfull"], warps=[PRODUCT_WARPS - 1], sm=1),
    dict(name="sum", loop="signal zfull", warps=[PRODUCT_WARPS, PRODUCT_WARPS + 1], sm=1),
]
TOKENS = {
    "zready": dict(count=2, lag=-1), "dready": dict(count=4, lag=0), "dready2": dict(of="dready", count=4, lag=2),
    "dready3": dict(of="dready", count=4, lag=3), "zfull": dict(count=2, lag=0), "pfull": dict(count=PRODUCT_WARPS, lag=0),
    "z2ready": dict(count=1, lag=0), "dfull": dict(count=4, lag=0), "dsplit": dict(count=1, lag=LAG + 1),
}
ITERS = 60
