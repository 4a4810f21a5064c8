# Risk ratio and odds ratio of s12_binary with cluster-robust intervals, from CR2 of the two rates.
#
# The rates are a linear model without intercept; clubSandwich gives the CR2 covariance of both, R the degrees of freedom of
# the linear combination that the delta method has at the estimates. Run: Rscript make_reference.R, in this folder.
suppressMessages({ library(clubSandwich); library(jsonlite) })
d <- read.csv("../s12_binary/data.csv")
d$t <- as.numeric(d$treat == 1); d$c <- as.numeric(d$treat == 0)
fit <- lm(passed ~ 0 + t + c, data = d)
v <- vcovCR(fit, cluster = d$school_id, type = "CR2")
p <- coef(fit)[["t"]]; q <- coef(fit)[["c"]]
one <- function(est, a, b) {
  test <- linear_contrast(fit, vcov = v, contrasts = matrix(c(a, -b), 1), test = "Satterthwaite")
  se <- test$SE; half <- qt(0.975, test$df) * se
  list(est = est, se = se, df = test$df, lo = est - half, hi = est + half)
}
write_json(list(
  source = paste("R", getRversion(), "clubSandwich", packageVersion("clubSandwich")),
  log = one(log(p / q), 1 / p, 1 / q),
  logit = one(qlogis(p) - qlogis(q), 1 / (p * (1 - p)), 1 / (q * (1 - q)))
), "reference.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
