from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "snapportal.accounts"
    label = "accounts"
