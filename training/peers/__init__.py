"""Forecasts by others, to lay beside ours: naive ones, Prophet, LightGBM and XGBoost fitted to each site."""
