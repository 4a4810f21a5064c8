//! One synthetic roster: classes, teachers, start waves and students; who is assigned to what; and both outcomes of each
//! student, the one without any effect and the one with it.
//!
//! Outcomes are sums of independent normal parts, one for each level, whose shares of the variance are the design's
//! intra-cluster correlations. A student's effect is that of the condition of the class they were in, times the dose.

use super::design::{Design, Sizes};
use super::document::Unit;
use super::error::SimulationError;
use crate::assignment::{Rules, randomize};
use crate::distribution::normal_quantile_upper;
use crate::pulse::{self, Pulse};
use crate::random::{Purpose, Random};

/// What a class takes, with the parts of its outcomes and of those of its teacher, school and wave.
const CLASS_BYTES: usize = 400;
/// What a unit takes while it is assigned, besides what the randomization announces: its name and its stratum.
const UNIT_BYTES: usize = 120;

/// Students between two looks at whether the host wants to stop.
pub(super) const BEAT: u32 = 1024;

/// A student of a synthetic roster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Student {
    /// Number of the class that the student was in at the assignment, or enrolled in later.
    pub class: u32,
    /// Number of the unit of assignment.
    pub unit: u32,
    /// Number of the stratum of the randomization.
    pub stratum: u32,
    /// Index of the assigned condition.
    pub condition: usize,
    /// Enrolled after the start.
    pub late: bool,
    /// Class to which the student moved mid-term.
    pub moved_to: Option<u32>,
    /// Pretest, if the design has one.
    pub pretest: Option<f64>,
    /// The outcome is known.
    pub observed: bool,
    /// Outcome if no condition has an effect.
    pub without_effect: f64,
    /// Outcome with the design's effects.
    pub outcome: f64,
}

/// A class and what its students share.
#[derive(Debug, Clone, Copy, Default)]
struct Class {
    teacher: u32,
    school: u32,
    wave: u32,
    condition: usize,
    /// Sum of the parts that all students share, outcome and pretest, in standard deviations.
    outcome: f64,
    pretest: f64,
    /// What is added to the effect of this class.
    effect: f64,
}

/// A synthetic roster with its assignment and outcomes.
#[derive(Debug, Clone, Default)]
pub struct Students {
    /// Students, by class.
    pub students: Vec<Student>,
    /// Units of assignment.
    pub units: u32,
    classes: Vec<Class>,
}

impl Students {
    /// Makes the roster of draw `draw` under `seed`.
    pub fn new(design: &Design, seed: &str, draw: u64) -> Result<Self, SimulationError> {
        let random = &mut Random::new(seed, Purpose::Simulation, draw);
        let mut roster = Students::default();
        roster.draw_classes(design, random);
        roster.draw_students(design, random);
        roster.assign(design, &format!("{seed}/{draw}"))?;
        roster.late_choices(design, random);
        roster.outcomes(design, random);
        roster.attrition(design, random);
        Ok(roster)
    }

    /// Teacher of a class.
    pub fn teacher(&self, class: u32) -> u32 {
        self.class(class).teacher
    }

    fn class(&self, number: u32) -> Class {
        self.classes
            .get(number as usize)
            .copied()
            .unwrap_or_default()
    }

    fn draw_classes(&mut self, design: &Design, random: &mut Random) {
        let teachers = design.teachers();
        let mut parts = |share: f64, n: u32| -> Vec<(f64, f64)> {
            let root = share.sqrt();
            let mut part = || {
                if root > 0.0 {
                    root * random.normal()
                } else {
                    0.0
                }
            };
            let second = design.r2.is_some();
            (0..n)
                .map(|_| (part(), if second { part() } else { 0.0 }))
                .collect()
        };
        pulse::room_for(design.classes as usize, CLASS_BYTES);
        let schools = parts(design.strata_icc, design.strata);
        let by_teacher = parts(design.teacher_icc, teachers);
        let own = parts(design.icc, design.classes);
        let waves = parts(design.wave_sd * design.wave_sd, design.waves);
        let at = |v: &[(f64, f64)], i: u32| v.get(i as usize).copied().unwrap_or_default();
        for class in pulse::each(0..design.classes) {
            let teacher = class / design.sections;
            let school = teacher % design.strata;
            let wave = (u64::from(teacher) * u64::from(design.waves) / u64::from(teachers)) as u32;
            let (a, b, c, d) = (
                at(&schools, school),
                at(&by_teacher, teacher),
                at(&own, class),
                at(&waves, wave),
            );
            self.classes.push(Class {
                teacher,
                school,
                wave,
                outcome: a.0 + b.0 + c.0 + d.0,
                pretest: a.1 + b.1 + c.1,
                ..Class::default()
            });
        }
        if design.effect_sd > 0.0 {
            for class in &mut self.classes {
                class.effect = design.effect_sd * random.normal();
            }
        }
    }

    fn draw_students(&mut self, design: &Design, random: &mut Random) {
        let mut pulse = Pulse::every(BEAT);
        for number in 0..design.classes {
            let class = self.class(number);
            let size = class_size(&design.sizes, number, random);
            self.reserve(size as usize);
            for _ in 0..size {
                pulse.tick();
                let late = design.late > 0.0 && random.uniform() < design.late;
                let moves = design.movers > 0.0 && !late && random.uniform() < design.movers;
                let moved_to = (moves && design.classes > 1).then(|| {
                    let other = random.below(u64::from(design.classes) - 1) as u32;
                    if other >= number { other + 1 } else { other }
                });
                let unit = match design.unit {
                    Unit::Class => number,
                    Unit::Teacher => class.teacher,
                    Unit::Student => self.students.len() as u32,
                };
                self.students.push(Student {
                    class: number,
                    unit,
                    stratum: class.school + design.strata * class.wave,
                    condition: 0,
                    late,
                    moved_to,
                    pretest: None,
                    observed: true,
                    without_effect: 0.0,
                    outcome: 0.0,
                });
            }
        }
        self.units = match design.unit {
            Unit::Class => design.classes,
            Unit::Teacher => design.teachers(),
            Unit::Student => self.students.len() as u32,
        };
    }

    /// Makes room for more students.
    fn reserve(&mut self, more: usize) {
        let (needed, capacity) = (self.students.len() + more, self.students.capacity());
        if needed > capacity {
            let target = needed.max(capacity * 2);
            pulse::room_for(target, size_of::<Student>());
            self.students.reserve_exact(target - self.students.len());
        }
    }

    /// Assigns the units with the code of `rct.randomize`, within schools and start waves.
    fn assign(&mut self, design: &Design, seed: &str) -> Result<(), SimulationError> {
        pulse::room_for(self.units as usize, UNIT_BYTES);
        let names: Vec<String> = pulse::each(0..self.units).map(|u| u.to_string()).collect();
        let units: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut labels = vec![String::new(); self.units as usize];
        let label = |school: u32, wave: u32| format!("{school}.{wave}");
        if design.unit == Unit::Student {
            for (student, slot) in pulse::each(&self.students).zip(&mut labels) {
                let class = self.class(student.class);
                *slot = label(class.school, class.wave);
            }
        } else {
            for (number, class) in self.classes.iter().enumerate() {
                let unit = match design.unit {
                    Unit::Teacher => class.teacher as usize,
                    _ => number,
                };
                if let Some(slot) = labels.get_mut(unit) {
                    *slot = label(class.school, class.wave);
                }
            }
        }
        let stratified = design.strata > 1 || design.waves > 1;
        let strata: Vec<Option<&str>> = labels.iter().map(|l| Some(l.as_str())).collect();
        let conditions: Vec<&str> = design.conditions.iter().map(String::as_str).collect();
        let rules = Rules {
            conditions: &conditions,
            weights: design.weights.as_deref(),
            seed,
            method: design.method,
        };
        let placements = randomize(&rules, &units, stratified.then_some(&strata))?;
        let mut assigned = vec![0; self.units as usize];
        for p in pulse::each(placements) {
            if let Some(slot) = p.unit.parse().ok().and_then(|u: usize| assigned.get_mut(u)) {
                *slot = p.slot.condition;
            }
        }
        for student in pulse::each(&mut self.students) {
            student.condition = assigned.get(student.unit as usize).copied().unwrap_or(0);
        }
        for (number, class) in self.classes.iter_mut().enumerate() {
            let unit = match design.unit {
                Unit::Class => number,
                Unit::Teacher => class.teacher as usize,
                Unit::Student => continue,
            };
            class.condition = assigned.get(unit).copied().unwrap_or(0);
        }
        Ok(())
    }

    /// Late students may pick a class in which something is new.
    fn late_choices(&mut self, design: &Design, random: &mut Random) {
        if design.prefer_treated <= 0.0 || design.unit == Unit::Student {
            return;
        }
        let treated: Vec<u32> = (0..design.classes)
            .filter(|&c| self.class(c).condition != design.control)
            .collect();
        for i in pulse::each(0..self.students.len()) {
            let Some(student) = self.students.get(i).copied() else {
                continue;
            };
            if !student.late || random.uniform() >= design.prefer_treated {
                continue;
            }
            let pick = random.below(treated.len() as u64) as usize;
            let Some(&number) = treated.get(pick) else {
                continue;
            };
            let class = self.class(number);
            if let Some(s) = self.students.get_mut(i) {
                s.class = number;
                s.unit = if design.unit == Unit::Teacher {
                    class.teacher
                } else {
                    number
                };
                s.stratum = class.school + design.strata * class.wave;
                s.condition = class.condition;
            }
        }
    }

    fn outcomes(&mut self, design: &Design, random: &mut Random) {
        let rest = (1.0 - design.icc - design.strata_icc - design.teacher_icc)
            .max(0.0)
            .sqrt();
        let spill = Spill::new(design, &self.classes);
        let explained = design.r2.map(f64::sqrt);
        let unexplained = design.r2.map_or(1.0, |r2| (1.0 - r2).max(0.0).sqrt());
        let classes = &self.classes;
        let class_of = |n: u32| classes.get(n as usize).copied().unwrap_or_default();
        let mut pulse = Pulse::every(BEAT);
        for s in &mut self.students {
            pulse.tick();
            let home = class_of(s.class);
            let away = s.moved_to.map(class_of);
            let shared = |part: fn(&Class) -> f64| match &away {
                Some(away) => 0.5 * (part(&home) + part(away)),
                None => part(&home),
            };
            let mut z = shared(|c| c.outcome) + rest * random.normal();
            if let Some(weight) = explained {
                let x = shared(|c| c.pretest) + rest * random.normal();
                s.pretest = Some(x);
                z = unexplained * z + weight * x;
            }
            let mut effect = match (design.unit, &away) {
                (Unit::Student, _) | (_, None) => spill.effect(design, s.condition, &home),
                (_, Some(away)) => {
                    0.5 * (spill.effect(design, home.condition, &home)
                        + spill.effect(design, away.condition, away))
                }
            };
            if s.late {
                effect *= design.late_dose;
            }
            (s.without_effect, s.outcome) = match design.rate {
                Some(rate) => (below(z, rate), below(z, rate + effect)),
                None => {
                    let base = design.mean + design.sd * z;
                    (base, base + effect)
                }
            };
        }
    }

    fn attrition(&mut self, design: &Design, random: &mut Random) {
        if design.lost_units > 0.0 {
            let mut lost = pulse::vector(self.units as usize);
            lost.extend(pulse::each(0..self.units).map(|_| random.uniform() < design.lost_units));
            for s in pulse::each(&mut self.students) {
                s.observed &= !lost.get(s.unit as usize).copied().unwrap_or(false);
            }
        }
        if design.lost != (0.0, 0.0) {
            for s in pulse::each(&mut self.students) {
                let share = if s.condition == design.control {
                    design.lost.0
                } else {
                    design.lost.1
                };
                s.observed &= random.uniform() >= share;
            }
        }
    }
}

/// What reaches controls from treated classes: of the same teacher if teachers have sections, else of the same stratum.
struct Spill {
    /// Mean effect of treated classes nearby, by place.
    nearby: Vec<f64>,
    by_teacher: bool,
}

impl Spill {
    fn new(design: &Design, classes: &[Class]) -> Self {
        let by_teacher = design.sections > 1;
        let places = if by_teacher {
            design.teachers()
        } else {
            design.strata
        };
        let mut sums = vec![(0.0, 0u32); places as usize];
        if design.spillover > 0.0 {
            for class in classes.iter().filter(|c| c.condition != design.control) {
                let place = if by_teacher {
                    class.teacher
                } else {
                    class.school
                };
                if let Some(sum) = sums.get_mut(place as usize) {
                    sum.0 += design.effects.get(class.condition).copied().unwrap_or(0.0);
                    sum.1 += 1;
                }
            }
        }
        Spill {
            nearby: sums
                .into_iter()
                .map(|(sum, n)| if n > 0 { sum / f64::from(n) } else { 0.0 })
                .collect(),
            by_teacher,
        }
    }

    /// Effect on a student with this condition in this class.
    fn effect(&self, design: &Design, condition: usize, class: &Class) -> f64 {
        if condition == design.control {
            let place = if self.by_teacher {
                class.teacher
            } else {
                class.school
            };
            let nearby = self.nearby.get(place as usize).copied().unwrap_or(0.0);
            return design.spillover * nearby;
        }
        design.effects.get(condition).copied().unwrap_or(0.0) + class.effect
    }
}

/// 1 where a standard normal value is in its lowest `rate`, else 0.
fn below(z: f64, rate: f64) -> f64 {
    let cut = if rate >= 1.0 {
        f64::INFINITY
    } else {
        normal_quantile_upper(1.0 - rate).unwrap_or(f64::NEG_INFINITY)
    };
    f64::from(u8::from(z <= cut))
}

fn class_size(sizes: &Sizes, class: u32, random: &mut Random) -> u32 {
    match sizes {
        Sizes::List(list) => list
            .get(class as usize % list.len().max(1))
            .copied()
            .unwrap_or(1),
        Sizes::Gamma { mean, cv, min } => {
            let shape = 1.0 / (cv * cv);
            let size = gamma(shape, random) * mean / shape;
            (size.round().min(1e6) as u32).max(*min)
        }
    }
}

/// A gamma variate with scale 1 (Marsaglia and Tsang 2000); shapes below 1 by the power of a uniform.
fn gamma(shape: f64, random: &mut Random) -> f64 {
    if shape < 1.0 {
        let u = random.uniform();
        return gamma(shape + 1.0, random) * libm::pow(u, 1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = random.normal();
        let v = 1.0 + c * x;
        if v <= 0.0 {
            continue;
        }
        let v = v * v * v;
        let u = random.uniform();
        if libm::log(u) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return d * v;
        }
    }
}
