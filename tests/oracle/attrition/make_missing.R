# Observed against missing students on a covariate: x on observed within each arm of s16_attrition, CR2 (clubSandwich).
# Run: Rscript make_missing.R > missing.csv
suppressMessages(library(clubSandwich))
d <- read.csv("../s16_attrition/data.csv")
cat("key,value\n")
out <- function(key, v) cat(key, formatC(v, digits = 17, format = "g"), sep = ",", fill = TRUE)
for (arm in 0:1) {
  a <- d[d$treat == arm, ]
  m <- lm(x ~ observed, a)
  t <- coef_test(m, vcovCR(m, a$school_id, "CR2"), test = "Satterthwaite")[2, ]
  out(paste0("balance_", arm, "_estimate"), t$beta)
  out(paste0("balance_", arm, "_std_error"), t$SE)
  out(paste0("balance_", arm, "_df"), t$df_Satt)
  out(paste0("balance_", arm, "_p"), t$p_Satt)
  out(paste0("balance_", arm, "_mean_observed"), mean(a$x[a$observed == 1]))
  out(paste0("balance_", arm, "_mean_missing"), mean(a$x[a$observed == 0]))
  out(paste0("balance_", arm, "_sd"), sd(a$x))
}
