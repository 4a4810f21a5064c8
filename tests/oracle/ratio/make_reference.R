# Reference numbers for ratio metrics: solved tasks per attempt, in classes of very unequal size.
#
# data.csv: plain arithmetic, no random numbers. reference.json: with attempts as rows the ratio is a mean, so that
# clubSandwich's CR2 and Satterthwaite's degrees of freedom are those of the ratio if the variance of a class's sum is
# proportional to its attempts. (The same as a regression through the origin on class sums weighted by 1 / attempts has for
# the standard error; its degrees of freedom with inverse_var = TRUE are others, 8.97.) Run: Rscript make_reference.R here.
suppressMessages({ library(clubSandwich); library(jsonlite) })

rows <- do.call(rbind, lapply(1:17, function(g) {
  n <- 3 + (g * g * 5) %% 23
  i <- seq_len(n)
  attempts <- 1 + (i * 7 + g * 3) %% 9 + (g %% 4) * 2
  solved <- pmin(attempts, (i * 5 + g * 11) %% (attempts + 1) + (g %% 3 == 0))
  data.frame(class_id = g, arm = if (g %% 5 < 3) "new" else "old", attempts = attempts, solved = solved)
}))
write.csv(rows, "data.csv", row.names = FALSE, quote = FALSE)

# One row for each attempt, with the class's rate of success: the regression on the arm has the sums of the classes.
sums <- aggregate(cbind(solved, attempts) ~ class_id + arm, rows, sum)
attempts <- sums[rep(seq_len(nrow(sums)), sums$attempts), ]
attempts$rate <- attempts$solved / attempts$attempts
attempts$new <- as.numeric(attempts$arm == "new")
attempts$old <- 1 - attempts$new
fit <- lm(rate ~ new, data = attempts)
v <- vcovCR(fit, cluster = attempts$class_id, type = "CR2")
t <- coef_test(fit, vcov = v, test = "Satterthwaite")
ci <- conf_int(fit, vcov = v, test = "Satterthwaite")
arms <- lm(rate ~ 0 + new + old, data = attempts)
w <- vcovCR(arms, cluster = attempts$class_id, type = "CR2")
write_json(list(
  source = paste("R", getRversion(), "clubSandwich", packageVersion("clubSandwich")),
  ratio = coef(arms)[["new"]], ratio_control = coef(arms)[["old"]], se = sqrt(w["new", "new"]), se_control = sqrt(w["old", "old"]),
  est = coef(fit)[["new"]], std_error = t["new", "SE"], df = t["new", "df_Satt"], p = t["new", "p_Satt"],
  lo = ci["new", "CI_L"], hi = ci["new", "CI_U"]
), "reference.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
