/*
 * libmount of util-linux as a peer: does a piece of work so many times, says how many nanoseconds it took.
 *
 * One request a line on standard input: WORK ROUNDS ARGUMENT.
 */
#include <libmount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *text;
static size_t length;

static void hold(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t room = 1 << 28;

	text = realloc(text, room);
	length = file ? fread(text, 1, room, file) : 0;
	if (file)
		fclose(file);
}

/* What a caller has to do for the answer; 0 when it got it. */
static int once(const char *work, const char *argument)
{
	struct libmnt_table *table = mnt_new_table();
	int failed;

	if (!strcmp(work, "parse")) {
		FILE *file = fmemopen(text, length, "r");

		failed = mnt_table_parse_stream(table, file, "mountinfo");
		fclose(file);
	} else {
		failed = mnt_table_parse_file(table, "/proc/thread-self/mountinfo");
	}
	if (!failed && !strcmp(work, "point"))
		failed = !mnt_table_find_target(table, argument, MNT_ITER_BACKWARD);
	if (!failed && !strcmp(work, "under")) {
		struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
		struct libmnt_fs *fs;
		size_t found = 0, prefix = strlen(argument);

		while (mnt_table_next_fs(table, iter, &fs) == 0)
			found += !strncmp(mnt_fs_get_target(fs), argument, prefix);
		mnt_free_iter(iter);
		failed = !found;
	}
	mnt_unref_table(table);
	return failed;
}

int main(void)
{
	char line[8192], work[32], argument[8000];
	long rounds;

	while (fgets(line, sizeof line, stdin) && sscanf(line, "%31s %ld %7999s", work, &rounds, argument) == 3) {
		struct timespec from, to;

		if (!strcmp(work, "is-point")) {
			puts("none");
			fflush(stdout);
			continue;
		}
		if (!strcmp(work, "parse"))
			hold(argument);
		clock_gettime(CLOCK_MONOTONIC, &from);
		for (; rounds > 0; rounds--)
			if (once(work, argument))
				return 1;
		clock_gettime(CLOCK_MONOTONIC, &to);
		printf("%lld\n", (to.tv_sec - from.tv_sec) * 1000000000LL + (to.tv_nsec - from.tv_nsec));
		fflush(stdout);
	}
	return 0;
}
