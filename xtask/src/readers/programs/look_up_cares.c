/* Looks a name up by ares_getaddrinfo. The library is loaded when it runs, so that one
   program serves all versions. */
#include <dlfcn.h>
#include <stdio.h>
#include <sys/select.h>

static int done;

struct hints {
	int flags, family, socktype, protocol;
};

static void found(void *arg, int status, int timeouts, void *result)
{
	(void)arg, (void)status, (void)timeouts, (void)result;
	done = 1;
}

int main(int argc, char **argv)
{
	void *library = dlopen("libcares.so.2", RTLD_NOW), *channel = 0;
	if (argc < 2 || !library) {
		fprintf(stderr, "%s\n", argc < 2 ? "no name" : dlerror());
		return 2;
	}
	int (*start)(int) = dlsym(library, "ares_library_init");
	int (*open)(void **) = dlsym(library, "ares_init");
	void (*look_up)(void *, const char *, const char *, const struct hints *,
			void (*)(void *, int, int, void *), void *) =
		dlsym(library, "ares_getaddrinfo");
	struct hints ipv4 = {0, 2, 1, 0};
	int (*fds)(void *, fd_set *, fd_set *) = dlsym(library, "ares_fds");
	void (*process)(void *, fd_set *, fd_set *) = dlsym(library, "ares_process");
	struct timeval *(*timeout)(void *, struct timeval *, struct timeval *) =
		dlsym(library, "ares_timeout");
	if (start(7) || open(&channel))
		return 1;
	look_up(channel, argv[1], 0, &ipv4, found, 0);
	while (!done) {
		fd_set readable, writable;
		struct timeval wait;
		FD_ZERO(&readable);
		FD_ZERO(&writable);
		int count = fds(channel, &readable, &writable);
		if (!count)
			break;
		select(count, &readable, &writable, 0, timeout(channel, 0, &wait));
		process(channel, &readable, &writable);
	}
	return 0;
}
