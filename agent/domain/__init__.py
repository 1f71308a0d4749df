"""Floor 1: the nouns. Frozen, standard library only, no clock and no input or output.

Signs everywhere: positive feeds the site's busbar. ``grid_w`` > 0 imports, ``pv_w`` >= 0, ``battery_w`` > 0 discharges,
so ``load_w = grid_w + pv_w + battery_w``. Units end every name. Energy is Wh and power W inside; money is per kWh.
"""
