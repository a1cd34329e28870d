"""What happened, as frozen data: standard library only, but for ``observe``."""
