# One fit in R: Rscript peers.R METHOD FILE.csv
# Prints one line: estimate, standard error, degrees of freedom, seconds of the fit, seconds of reading the file.

methods <- c("estimatr_CR2" = "estimatr", "estimatr_stata" = "estimatr", "clubSandwich_CR2" = "clubSandwich")
arguments <- commandArgs(trailingOnly = TRUE)
method <- arguments[1]
package <- methods[[method]]

seconds <- function(expression) unname(system.time(expression)["elapsed"])

reading <- seconds({
  # student, cluster, arm, y, x, z
  rows <- read.csv(arguments[2], colClasses = c("NULL", "integer", "character", "numeric", "numeric", "NULL"))
  rows$treated <- as.numeric(rows$arm == "treated")
})

if (package == "estimatr") {
  se_type <- sub("estimatr_", "", method)
  fitting <- seconds(fit <- estimatr::lm_robust(y ~ treated + x, data = rows, clusters = cluster, se_type = se_type))
  treated <- which(names(fit$coefficients) == "treated")
  estimate <- fit$coefficients[[treated]]
  std_error <- fit$std.error[[treated]]
  df <- fit$df[[treated]]
} else {
  fitting <- seconds({
    fit <- lm(y ~ treated + x, data = rows)
    covariance <- clubSandwich::vcovCR(fit, cluster = rows$cluster, type = "CR2")
    test <- clubSandwich::coef_test(fit, vcov = covariance, test = "Satterthwaite", coefs = "treated")
  })
  estimate <- coef(fit)[["treated"]]
  std_error <- sqrt(as.matrix(covariance)["treated", "treated"])
  df <- test[1, grep("^df", names(test))[1]]
}

cat(sprintf("%.17g %.17g %.17g %.6f %.6f\n", estimate, std_error, df, fitting, reading))
