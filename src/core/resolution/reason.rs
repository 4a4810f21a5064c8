//! Why a user gets what they get.

use crate::experiment::words;
use serde::{Deserialize, Serialize};

words! {
    /// Why a user gets what they get.
    Reason {
        /// The condition of the user's own enrollment.
        Enrolled = "enrolled",
        /// The condition of the user's group.
        GroupLogic = "group_logic",
        /// Drawn now; recorded at the first mark.
        Drawn = "drawn",
        /// Given by the randomization; recorded at the first mark.
        Allocated = "allocated",
        /// Every condition, one after the other.
        Repeated = "repeated",
        /// The condition that the post-experiment rule gives to those who are enrolled.
        PostRuleAssign = "post_rule_assign",
        /// A condition forced on a preview user.
        Forced = "forced",
        /// The post-experiment rule gives everybody the default.
        PostRuleRevert = "post_rule_revert",
        /// The experiment does not run.
        NotRunning = "not_running",
        /// On the global exclusion list.
        GloballyExcluded = "globally_excluded",
        /// The user is on an exclude list.
        ParticipantOnExclusionList = "participant_on_exclusion_list",
        /// A group of the user is on an exclude list.
        GroupOnExclusionList = "group_on_exclusion_list",
        /// Only those on an include list may take part.
        NotIncluded = "not_included",
        /// The user has no groups or no working group.
        NoGroupSpecified = "no_group_specified",
        /// The user's groups do not fit the experiment's type of group.
        InvalidGroupOrWorkingGroup = "invalid_group_or_working_group",
        /// In the hold-out.
        HeldOut = "held_out",
        /// Not in the rollout yet.
        OutsideRollout = "outside_rollout",
        /// Another part of the namespace.
        OutsideNamespace = "outside_namespace",
        /// A competing experiment has the user.
        OtherExperiment = "other_experiment",
        /// Several competing experiments have the user and none is enrolling.
        SeveralExperiments = "several_experiments",
        /// The user reached a decision point before the start.
        ReachedPrior = "reached_prior",
        /// The user reached a decision point for the first time after the end.
        ReachedAfter = "reached_after",
        /// The user's group is excluded.
        ExcludedDueToGroupLogic = "excluded_due_to_group_logic",
        /// The client could not apply the condition.
        ExcludedByClient = "excluded_by_client",
        /// Excluded for a reason that this version does not know.
        Excluded = "excluded",
        /// Enrollment is complete and the user is not enrolled.
        EnrollmentComplete = "enrollment_complete",
        /// The randomization did not know the unit, and the design excludes those.
        LateUnit = "late_unit",
        /// The randomization did not know the unit; it gets the next slot at its first mark.
        AwaitingSlot = "awaiting_slot",
        /// No experiment has this decision point.
        NoExperiment = "no_experiment",
    }
}

impl Reason {
    /// The number of an exclusion in the glossary of the field: 1 reached before, 2 on the exclude list, 3 group on
    /// the exclude list, 4 group excluded and user in it, 5 other.
    pub fn glossary(self) -> Option<u8> {
        use Reason::*;
        match self {
            ReachedPrior => Some(1),
            ParticipantOnExclusionList | NotIncluded => Some(2),
            GroupOnExclusionList => Some(3),
            ExcludedDueToGroupLogic => Some(4),
            ReachedAfter
            | ExcludedByClient
            | Excluded
            | GloballyExcluded
            | NoGroupSpecified
            | InvalidGroupOrWorkingGroup => Some(5),
            _ => None,
        }
    }

    /// A full sentence.
    pub fn sentence(self) -> &'static str {
        use Reason::*;
        match self {
            Enrolled => "The user is enrolled and keeps the condition.",
            GroupLogic => "The user's group is enrolled and shares its condition.",
            Drawn => "The unit is drawn now; its first mark records it.",
            Allocated => {
                "The randomization gave the unit its condition; its first mark records it."
            }
            Repeated => "The user gets every condition, one after the other.",
            PostRuleAssign => {
                "Enrollment is complete and the post-experiment rule assigns one condition."
            }
            Forced => "A condition is forced on this preview user.",
            PostRuleRevert => {
                "Enrollment is complete and the post-experiment rule gives everybody the default."
            }
            NotRunning => "The experiment does not run at this time.",
            GloballyExcluded => {
                "The user, or a group they belong to, is excluded from all experiments of the context."
            }
            ParticipantOnExclusionList => "The user is on the exclude list, or was at a mark.",
            GroupOnExclusionList => "A group of the user is on the exclude list, or was at a mark.",
            NotIncluded => {
                "The experiment takes only those on its include list, and the user is not."
            }
            NoGroupSpecified => "The user has no groups or no working group.",
            InvalidGroupOrWorkingGroup => {
                "The user has no working group of the experiment's type, or does not belong to it."
            }
            HeldOut => "The unit is in the hold-out.",
            OutsideRollout => "The unit is outside the rollout fraction.",
            OutsideNamespace => "The unit is in another part of the namespace.",
            OtherExperiment => "A competing experiment has the user.",
            SeveralExperiments => {
                "The user is enrolled in several competing experiments, none of which is enrolling."
            }
            ReachedPrior => "The user reached a decision point before the experiment started.",
            ReachedAfter => {
                "The user reached a decision point for the first time after enrollment was complete."
            }
            ExcludedDueToGroupLogic => "The user's group is excluded and the user with it.",
            ExcludedByClient => "The client could not apply the condition.",
            Excluded => "The user is excluded.",
            EnrollmentComplete => "Enrollment is complete and the user is not enrolled.",
            LateUnit => "The randomization did not know the unit, and late units keep the default.",
            AwaitingSlot => {
                "The randomization did not know the unit; its first mark takes the next slot."
            }
            NoExperiment => "No experiment has this decision point.",
        }
    }

    /// The reason of a recorded exclusion.
    pub fn of_code(code: &str) -> Reason {
        match Code::from_word(code) {
            Some(Code::ReachedPrior) => Reason::ReachedPrior,
            Some(Code::ReachedAfter) => Reason::ReachedAfter,
            Some(Code::ParticipantOnExclusionList) => Reason::ParticipantOnExclusionList,
            Some(Code::GroupOnExclusionList) => Reason::GroupOnExclusionList,
            Some(Code::ExcludedDueToGroupLogic) => Reason::ExcludedDueToGroupLogic,
            Some(Code::NoGroupSpecified) => Reason::NoGroupSpecified,
            Some(Code::InvalidGroupOrWorkingGroup) => Reason::InvalidGroupOrWorkingGroup,
            Some(Code::ExcludedByClient) => Reason::ExcludedByClient,
            Some(Code::Algorithmic | Code::GroupLogic) | None => Reason::Excluded,
        }
    }
}

words! {
    /// Code of a recorded enrollment or exclusion.
    Code {
        /// Enrolled by a draw of the unit.
        Algorithmic = "ALGORITHMIC",
        /// Enrolled because the group is.
        GroupLogic = "GROUP_LOGIC",
        /// Excluded: reached a decision point before the start.
        ReachedPrior = "REACHED_PRIOR",
        /// Excluded: reached a decision point for the first time after the end.
        ReachedAfter = "REACHED_AFTER",
        /// Excluded: on the exclude list.
        ParticipantOnExclusionList = "PARTICIPANT_ON_EXCLUSION_LIST",
        /// Excluded: group on the exclude list.
        GroupOnExclusionList = "GROUP_ON_EXCLUSION_LIST",
        /// Excluded: in an excluded group.
        ExcludedDueToGroupLogic = "EXCLUDED_DUE_TO_GROUP_LOGIC",
        /// Excluded until the group data heal: no groups or no working group.
        NoGroupSpecified = "NO_GROUP_SPECIFIED",
        /// Excluded until the group data heal: type missing or not a member.
        InvalidGroupOrWorkingGroup = "INVALID_GROUP_OR_WORKING_GROUP",
        /// Excluded: the client could not apply the condition.
        ExcludedByClient = "EXCLUDED_BY_CLIENT",
    }
}

impl Code {
    /// Whether the exclusion ends by itself when the group data are right.
    pub fn heals(self) -> bool {
        matches!(
            self,
            Code::NoGroupSpecified | Code::InvalidGroupOrWorkingGroup
        )
    }
}

words! {
    /// What a client tells of a condition.
    MarkStatus {
        /// The user saw it.
        Applied = "condition applied",
        /// It could not be shown.
        NotApplied = "condition not applied",
        /// There was none to show.
        NoCondition = "no condition assigned",
    }
}
