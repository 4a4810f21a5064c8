//! The regressions of the reference data, by design and name.

use super::support::{Model, PLAIN};

/// The designs with coefficients.
pub const DESIGNS: [&str; 18] = [
    "s01_balanced_2arm",
    "s02_unequal_sizes",
    "s03_three_arm",
    "s04_few_clusters_g6",
    "s06_one_cluster_arm",
    "s07_cuped",
    "s08_strata_nested",
    "s09_strata_crossing",
    "s10_weights",
    "s11_iv_noncompliance",
    "s12_binary",
    "s14_large_offset",
    "s15_huge_g",
    "s16_attrition",
    "s17_repeated",
    "s22_degenerate",
    "s23_sequential",
    "s24_multi_outcome",
];

/// Events of students, with the school and the condition of the roster.
pub const EVENTS: &str = "events.csv with roster.csv";

/// The regression of a name without `:lin`; `None` if the name is not known.
pub fn model<'a>(design: &'a str, id: &'a str) -> Option<Model<'a>> {
    let plain = Model {
        design,
        id,
        ..PLAIN
    };
    let with = |covariates| Model {
        covariates,
        ..plain
    };
    Some(match (design, id) {
        ("s03_three_arm", _) => {
            let arms = Model {
                condition: "arm",
                control: "control",
                terms: &[("A", "arm_A"), ("B", "arm_B")],
                ..plain
            };
            match id {
                "m1" => arms,
                "m2" => Model {
                    covariates: &["x"],
                    ..arms
                },
                "m3" => Model {
                    covariates: &["x", "female"],
                    ..arms
                },
                "m4_A_vs_control" => Model {
                    subset: Some(|r| r["arm"] != "B"),
                    terms: &[("A", "arm_A")],
                    ..arms
                },
                _ => return None,
            }
        }
        ("s08_strata_nested", _) => {
            let strata = Model {
                stratum: Some("stratum"),
                ..plain
            };
            match id {
                "m0_nofe" => plain,
                "m1_fe" => strata,
                "m2_fe" => Model {
                    covariates: &["x"],
                    ..strata
                },
                "m3_fe" => Model {
                    covariates: &["x", "female"],
                    ..strata
                },
                "m1_fe_hc" => Model {
                    cluster: "",
                    ..strata
                },
                _ => return None,
            }
        }
        ("s09_strata_crossing", _) => {
            let strata = |stratum| Model {
                stratum: Some(stratum),
                covariates: &["x"],
                ..plain
            };
            match id {
                "m1_grade" => strata("grade"),
                "m2_grade_year" => Model {
                    dummies: Some("year"),
                    ..strata("grade")
                },
                "m3_school_year" => Model {
                    dummies: Some("year"),
                    ..strata("school_id")
                },
                "m4_school" => Model {
                    covariates: &[],
                    ..strata("school_id")
                },
                _ => return None,
            }
        }
        ("s10_weights", _) => {
            let weighted = Model {
                weight: Some("w"),
                covariates: &["x"],
                ..plain
            };
            match id {
                "m1_w" => Model {
                    covariates: &[],
                    ..weighted
                },
                "m2_w" | "m6_w_lin" => weighted,
                "m3_wcl" => Model {
                    weight: Some("w_cl"),
                    ..weighted
                },
                "m4_w_fe" => Model {
                    stratum: Some("grade"),
                    ..weighted
                },
                "m5_w_hc" => Model {
                    cluster: "",
                    ..weighted
                },
                _ => return None,
            }
        }
        ("s11_iv_noncompliance", _) => {
            let itt = Model {
                condition: "z",
                terms: &[("1", "z")],
                ..plain
            };
            match id {
                "itt" => itt,
                "itt_x" => Model {
                    covariates: &["x"],
                    ..itt
                },
                "first_stage" => Model {
                    outcome: "d",
                    ..itt
                },
                _ => return None,
            }
        }
        ("s12_binary", _) => {
            let binary = Model {
                outcome: "passed",
                ..plain
            };
            match id {
                "m1" => binary,
                "m2" => Model {
                    covariates: &["x", "female"],
                    ..binary
                },
                "m1_nocluster" => Model {
                    cluster: "",
                    ..binary
                },
                _ => return None,
            }
        }
        ("s16_attrition", "attrition") => Model {
            outcome: "observed",
            ..plain
        },
        ("s16_attrition", "attrition_x") => Model {
            outcome: "observed",
            ..with(&["x"])
        },
        ("s17_repeated", "event_level") => Model {
            outcome: "score",
            table: EVENTS,
            ..plain
        },
        ("s17_repeated", "event_level_student_cluster") => Model {
            outcome: "score",
            table: EVENTS,
            cluster: "student_id",
            ..plain
        },
        ("s17_repeated", _) => Model {
            outcome: id.strip_prefix("agg_")?,
            table: "student_agg.csv",
            ..plain
        },
        ("s22_degenerate", _) => match id {
            "m1" => plain,
            "m_collinear" => with(&["x", "x2"]),
            "m_const" => with(&["const7"]),
            "m_alias_treat" => with(&["treat_copy"]),
            "m_clcov" => with(&["cl_cov"]),
            "m_yconst" => Model {
                outcome: "y_const",
                ..plain
            },
            "m_perfect" => Model {
                outcome: "y_perfect",
                ..plain
            },
            _ => return None,
        },
        ("s23_sequential", _) => Model {
            subset: Some(match id {
                "look1" => |r| r["look"] <= "1",
                "look2" => |r| r["look"] <= "2",
                "look3" => |r| r["look"] <= "3",
                "look4" => |r| r["look"] <= "4",
                "look5" => |r| r["look"] <= "5",
                _ => return None,
            }),
            ..plain
        },
        ("s24_multi_outcome", _) => Model {
            outcome: match id {
                "o1" => "y1",
                "o2" => "y2",
                "o3" => "y3",
                "o4" => "y4",
                "o5" => "y5",
                "o6" => "y6",
                "o7" => "y7",
                "o8" => "y8",
                "o9" => "y9",
                "o10" => "y10",
                "o11" => "y11",
                "o12" => "y12",
                _ => return None,
            },
            ..plain
        },
        ("s07_cuped", "m3") => with(&["x"]),
        (_, "m1") => plain,
        (_, "m2") => with(&["x"]),
        (_, "m3") => with(&["x", "female"]),
        (_, "m1_nocluster") => Model {
            cluster: "",
            ..plain
        },
        (_, "m2_nocluster") => Model {
            cluster: "",
            ..with(&["x"])
        },
        _ => return None,
    })
}
