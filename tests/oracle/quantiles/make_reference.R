# Quantiles with Woodruff intervals for clusters, by R's quantile(type = 1), lm and clubSandwich (CR2, Satterthwaite).
# Writes quantiles.csv (one row for each arm and probability) and differences.csv. To make them again: Rscript
# make_reference.R in this folder.
suppressMessages(library(clubSandwich))
num <- function(v) ifelse(is.na(v), "", sprintf("%.17g", v))
q1 <- function(y, p) if (p <= 0 || p > 1) NA else unname(quantile(y, p, type = 1))
probabilities <- c(0.1, 0.25, 0.5, 0.7, 0.9)
cases <- list(
  list(design = "s01_balanced_2arm", condition = "treat", control = "0"),
  list(design = "s02_unequal_sizes", condition = "treat", control = "0"),
  list(design = "s03_three_arm", condition = "arm", control = "control"),
  list(design = "s08_strata_nested", condition = "treat", control = "0"),
  list(design = "s09_strata_crossing", condition = "treat", control = "0")
)
arms <- differences <- list()
for (case in cases) {
  d <- read.csv(file.path("..", case$design, "data.csv"))
  d$condition <- as.character(d[[case$condition]])
  d <- d[!is.na(d$y) & !is.na(d$school_id) & !is.na(d$condition), ]
  conditions <- sort(unique(d$condition))
  for (p in probabilities) {
    found <- list()
    for (a in conditions) {
      part <- d[d$condition == a, ]
      q <- q1(part$y, p)
      part$below <- as.numeric(part$y <= q)
      fit <- lm(below ~ 1, part)
      ct <- coef_test(fit, vcovCR(fit, cluster = part$school_id, type = "CR2"), test = "Satterthwaite")
      s <- ct$SE; df <- ct$df_Satt
      limits <- function(level) { t <- qt(1 - (1 - level) / 2, df); c(q1(part$y, p - t * s), q1(part$y, p + t * s)) }
      w <- limits(0.95); l90 <- limits(0.9)
      se <- (w[2] - w[1]) / (2 * qt(0.975, df))
      found[[a]] <- list(q = q, u = se / s)
      arms[[length(arms) + 1]] <- data.frame(design = case$design, condition = a, probability = num(p), quantile = num(q),
        low = num(w[1]), high = num(w[2]), low90 = num(l90[1]), high90 = num(l90[2]))
    }
    d$below <- as.numeric(d$y <= sapply(d$condition, function(a) found[[a]]$q))
    for (a in setdiff(conditions, case$control)) {
      part <- d[d$condition %in% c(a, case$control), ]
      part$t <- as.numeric(part$condition == a); part$c <- 1 - part$t
      u <- found[[a]]$u; v <- found[[case$control]]$u
      se <- df <- low <- high <- pv <- NA
      difference <- found[[a]]$q - found[[case$control]]$q
      if (!is.na(u) && !is.na(v)) {
        fit <- lm(below ~ 0 + t + c, part)
        lc <- linear_contrast(fit, vcovCR(fit, cluster = part$school_id, type = "CR2"),
                              contrasts = matrix(c(u, -v), 1), test = "Satterthwaite")
        se <- lc$SE; df <- lc$df
        low <- difference - qt(0.975, df) * se; high <- difference + qt(0.975, df) * se
        pv <- 2 * pt(-abs(difference / se), df)
      }
      differences[[length(differences) + 1]] <- data.frame(design = case$design, condition = a, probability = num(p),
        difference = num(difference), se = num(se), df = num(df), p = num(pv), low = num(low), high = num(high))
    }
  }
}
write.csv(do.call(rbind, arms), "quantiles.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, differences), "differences.csv", row.names = FALSE, quote = FALSE)
cat("R", as.character(getRversion()), "clubSandwich", as.character(packageVersion("clubSandwich")), "\n")
