"""Tests that site/test_postgres.py leaves out of the files that it runs, because no other database can change their outcome.

Each mechanism of the database that they use is in another test of the same file: the statement that reads or writes is the same.
"""

from pathlib import Path

FROM_FILES_AND_PROOFS = {
    "audit/test_archive.py": [
        "test_a_long_log_becomes_several_files",
        "test_a_missing_or_changed_file_stops_the_deleting",
        "test_an_age_limit_in_the_future_archives_up_to_the_last_whole_tile",
        "test_an_existing_file_is_never_overwritten",
        "test_rows_that_a_stream_has_not_sent_stay",
        "test_the_file_is_checked_by_the_auditors_own_program",
    ],
    "audit/test_archive_commands.py": [
        "test_a_key_that_was_given_up_stays_so_when_its_rows_are_archived",
        "test_an_accepted_changed_row_is_a_damaged_skip_in_the_file_and_stays_in_the_database",
        "test_an_anchor_of_an_archived_row_is_not_lost",
    ],
    "audit/test_attacks.py": [
        "test_10_a_history_rewritten_with_its_checkpoints_contradicts_the_held_checkpoint",
        "test_11_two_checkpoints_of_one_size_are_a_split_view",
        "test_16_an_archive_with_a_row_less_is_found",
        "test_17_a_checkpoint_of_a_shorter_tree_does_not_prove_more_rows",
        "test_18_a_forged_proof_does_not_lead_to_the_root",
        "test_19_two_leaves_for_one_sequence_are_refused",
        "test_20_a_redaction_that_changes_the_meaning_is_refused",
        "test_21_a_receipt_replayed_after_history_was_rewritten_contradicts_the_new_checkpoint",
        "test_22_a_receipt_cannot_be_shown_for_another_operation",
        "test_23_another_key_or_origin_is_refused",
        "test_24_a_name_cannot_be_passed_off_as_erased_by_a_row_that_erased_another",
    ],
    "audit/test_missing_key.py": [
        "test_commands_name_the_missing_keys_and_record_nothing",
        "test_nothing_is_accepted_and_the_missing_keys_are_named",
    ],
    "audit/test_report_coverage.py": [
        "test_an_archive_of_another_month_is_not_named",
        "test_an_archive_that_nobody_can_read_any_more_is_named_for_each_month_that_it_may_have",
        "test_archived_months_are_in_the_choice",
        "test_the_older_rows_of_a_month_may_be_archived_and_are_not_counted",
    ],
    "vault/test_vault.py": ["test_a_sealed_token_decrypts_with_the_same_binding"],
}
"""What they find stands in a file of the archive, in a proof or in a sealed text, or depends on the keys that are set."""
FROM_WORDS_AND_RIGHTS = {
    "accounts/factors/test_second_step.py": [
        "TestLimits::test_a_day_has_a_limit_of_its_own_that_a_sign_in_does_not_clear",
        "TestLimits::test_a_right_password_does_not_clear_what_was_counted",
        "TestLimits::test_codes_of_one_person_are_limited_over_all_addresses_and_the_person_still_gets_in",
        "TestLimits::test_wrong_codes_count_like_wrong_passwords",
        "test_a_clock_may_be_one_step_wrong",
        "test_all_recovery_codes_are_used_up",
    ],
    "accounts/test_sign_in.py": [
        "test_a_blocked_address_cannot_fill_the_log_with_other_names",
        "test_changing_a_password_requires_the_old_one",
        "test_guesses_from_one_address_do_not_block_the_person_at_another",
        "test_one_address_cannot_try_many_names",
        "test_only_the_first_attempt_during_a_block_is_recorded",
        "test_sign_in_never_leads_to_another_site",
    ],
    "api/test_foreign_keys.py": [
        "test_lists_show_nothing_of_another_server",
        "test_nothing_is_recorded_about_what_does_not_exist",
        "test_the_answer_is_the_one_about_what_does_not_exist",
        "test_writes_to_another_server_are_404_and_recorded",
    ],
    "audit/test_restored_log.py": [
        "test_a_second_restored_backup_needs_another_acceptance",
        "test_acceptance_is_refused_when_nothing_is_lost",
        "test_acceptance_requires_a_reason_and_a_name",
        "test_the_command_and_the_page_report_an_acceptance_every_time",
    ],
    "inventory/test_reader.py": [
        "test_polling_slows_down_after_failures_and_recovers",
        "test_without_the_servers_list_everything_else_works",
    ],
    "jobs/test_safe_restore.py": [
        "test_a_full_server_asks_what_may_go",
        "test_a_passing_refusal_is_tried_again_with_a_growing_pause",
        "test_a_protected_snapshot_makes_no_room",
        "test_a_stranger_sees_no_job",
        "test_nobody_without_the_right_to_restore_is_offered_the_way_back",
        "test_replacing_deletes_the_chosen_snapshot_and_creates",
        "test_the_page_shows_every_step_and_cancels",
        "test_the_restore_page_proposes_a_safety_snapshot_and_starts_the_job",
    ],
}
"""They differ from others in what a form or an answer of the provider says, in whose right is missing, or in what is counted."""
SAME_AGAIN = {
    "audit/test_search.py": [
        "test_a_short_text_is_looked_for_in_a_limited_number_of_rows[vi]",
        "test_results_that_others_followed_are_compared_in_a_limited_number_of_rows[accepted]",
        "test_results_that_others_followed_are_compared_in_a_limited_number_of_rows[pending]",
    ],
    "operations/test_idempotency.py": [
        "test_twenty_concurrent_posts_make_one_call_and_all_return_its_operation[snapshot.create]",
        "test_twenty_concurrent_posts_make_one_call_and_all_return_its_operation[snapshot.delete]",
    ],
    "operations/test_rights_in_flight.py": [
        "test_a_right_revoked_while_the_lists_are_read_sends_nothing[snapshot.delete-demoted]",
        "test_a_right_revoked_while_the_lists_are_read_sends_nothing[snapshot.delete-with fewer rights]",
        "test_a_right_revoked_while_the_lists_are_read_closes_nothing[demoted]",
        "test_a_right_revoked_while_the_lists_are_read_closes_nothing[without the token]",
        "test_the_page_says_that_rights_changed_and_shows_no_data_of_the_server[demoted]",
    ],
    "reviews/test_signatures.py": [
        "test_a_changed_row_is_found_although_the_stored_tree_is_the_one_that_was_signed[102]",
        "test_a_changed_row_is_found_although_the_stored_tree_is_the_one_that_was_signed[150]",
        "test_a_changed_row_is_found_although_the_stored_tree_is_the_one_that_was_signed[256]",
    ],
}
"""The same statements once more with another value; one of each is run."""
LEFT_OUT = [
    (path, name)
    for group in (FROM_FILES_AND_PROOFS, FROM_WORDS_AND_RIGHTS, SAME_AGAIN)
    for path, names in group.items()
    for name in names
]


def deselections(tests: Path) -> list[str]:
    """Options of pytest that leave them out. A name that no test has fails: the test would be run after all."""
    for path, name in LEFT_OUT:
        function = name.rpartition("::")[2].partition("[")[0]
        assert f"def {function}(" in (tests / path).read_text(), f"no test {name} in {path}"
    return [f"--deselect=tests/{path}::{name}" for path, name in LEFT_OUT]
